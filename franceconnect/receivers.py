"""What `franceconnect` does when `accounts`, which knows nothing of it, changes somebody."""

from django.conf import settings
from django.db.models.signals import post_save
from django.dispatch import receiver

from franceconnect import linking


@receiver(post_save, sender=settings.AUTH_USER_MODEL)
def end_links_of_agent(instance, created, update_fields=None, **kwargs):
    """Row 3: a citizen who becomes an agent loses the citizens' ways in, wherever it is done."""
    may_have_changed = update_fields is None or "is_staff" in update_fields
    if instance.is_staff and not created and may_have_changed:
        linking.end_links_of_agent(instance)
