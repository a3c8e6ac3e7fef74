"""Build Slack messages and dialogs: values in, blocks out.

Pure; every string in a block has passed `responses.safety`.
"""
