"""What compose_music.py is made of."""
