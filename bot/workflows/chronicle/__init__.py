"""Record incident channels, keep their summary message up to date, and show late joiners what they missed."""
