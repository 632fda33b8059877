"""What can be done with resources at the door: one interaction a file, each an `Ask` answered by an `Answer`."""
