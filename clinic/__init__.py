"""A booking system for massage clinics that screens before it offers a time."""
