"""The audit chain in the words of IHE's Basic Audit Log Patterns (BALP) 1.1.4, https://profiles.ihe.net/ITI/BALP/1.1.4/."""
