"""The pages, divided by who is looking. With the app and the command line, all that knows Flask."""
