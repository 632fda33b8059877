"""Who the patients are, which care team looks after whom, and whom they are closed to."""
