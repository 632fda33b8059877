"""Virtual patients and studies of regimens in them."""
