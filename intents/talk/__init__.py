"""Tell what a message does in a conversation, before what it says."""
