"""What a page or a program is told: questions in, records out."""
