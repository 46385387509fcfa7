from django.contrib.auth.hashers import Argon2PasswordHasher


class OWASPArgon2PasswordHasher(Argon2PasswordHasher):
    """Argon2id with the parameters of the OWASP Password Storage Cheat Sheet (19 MiB, t=2, p=1)."""

    memory_cost = 19 * 1024
    parallelism = 1
