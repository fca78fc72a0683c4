"""What pages of the console and the portal share: templates, words for values, exports, live updates."""
