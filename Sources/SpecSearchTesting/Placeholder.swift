// Scripted models.
