"""The front ends: command line and web page over one `Assistant`."""
