"""The pages, divided by who is looking. The only package, with the app and the command line, that knows Flask."""
