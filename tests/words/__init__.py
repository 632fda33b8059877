"""What keeps the two languages whole: the catalogues, and a walk that finds words nobody translated."""
