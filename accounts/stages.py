"""What follows the password at sign-in, beside what allauth asks by itself."""

from allauth.account.adapter import get_adapter
from allauth.account.stages import LoginByCodeStage
from allauth.core.internal.httpkit import headed_redirect_response
from django.contrib import messages

from accounts.limits import within_rate

# Whoever knows the password could otherwise fill the mailbox, and guess at each new code.
CODES_OF_ONE_ACCOUNT = "10/h/key"


class EmailCodeStage(LoginByCodeStage):
    """A code by e-mail, for whoever asked for it: to the verified login e-mail, not too often."""

    def handle(self):
        if not get_adapter().is_login_by_code_required(self.login):
            return None, True
        key = str(self.login.user.pk)
        if not within_rate(self.request, "sign_in_code", CODES_OF_ONE_ACCOUNT, key=key):
            messages.error(self.request, get_adapter().error_messages["too_many_sign_in_codes"])
            return headed_redirect_response("account_login"), False
        self.login.email = self.login.user.email
        return super().handle()
