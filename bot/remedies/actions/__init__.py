"""One module for each action, named as it is: its declaration, words, permissions and behaviour.

`bot.remedies.action` finds the modules. `tests/remedies/actions` has a test file for each action, or each family.
"""
