"""Who somebody is and what they may do: accounts, sessions, rights, and the guard in front of every page."""
