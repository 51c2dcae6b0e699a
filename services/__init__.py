"""The three services and the command line above them. Services never import each other."""
