"""What the twins say, in the language of the reader: the engine speaks English alone and stores no other."""
