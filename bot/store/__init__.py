"""What Casebook remembers: requests, answers, plans, audit. The only room with tables and their migrations."""
