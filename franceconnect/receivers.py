"""What `franceconnect` does when `accounts`, which knows nothing of it, changes somebody."""

from django.conf import settings
from django.db.models.signals import post_save
from django.dispatch import receiver

from franceconnect import linking


@receiver(post_save, sender=settings.AUTH_USER_MODEL)
def end_links_of_agent(instance, created, **kwargs):
    """Row 3: a citizen who becomes an agent loses FranceConnect's way in, wherever it is done."""
    if instance.is_staff and not created:
        linking.end_links_of_agent(instance)
