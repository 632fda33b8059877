"""The administrator's work: people, care teams, and whom patients are closed to."""
