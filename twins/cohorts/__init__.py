"""Virtual patients: a study drawn from one population model, the same in the last digit however it is cut up."""
