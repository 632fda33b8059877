"""Who the patients are, and which care team looks after whom."""
