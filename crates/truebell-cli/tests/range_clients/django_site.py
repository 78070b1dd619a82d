# PyPI `pwned-passwords-django`: the validator and the API of a real Django, with the address in argv[1].
import asyncio
import sys

import django
from django.conf import settings

settings.configure(
    AUTH_PASSWORD_VALIDATORS=[{"NAME": "pwned_passwords_django.validators.PwnedPasswordsValidator"}],
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    PWNED_PASSWORDS={"API_TIMEOUT": 20.0},
)
django.setup()

from django.contrib.auth.forms import AdminUserCreationForm  # noqa: E402
from django.contrib.auth.password_validation import validate_password  # noqa: E402
from django.core.exceptions import ValidationError  # noqa: E402
from django.core.management import call_command  # noqa: E402
from pwned_passwords_django import api  # noqa: E402

api.PwnedPasswords.api_endpoint = f"{sys.argv[1]}/range/"

assert api.check_password("password") == 3
assert api.check_password("correct horse battery staple") == 0
assert asyncio.run(api.check_password_async("password")) == 3
validate_password("correct horse battery staple")
try:
    validate_password("password")
    raise AssertionError("an exposed password was accepted")
except ValidationError as error:
    assert error.error_list[0].code == "password_compromised", error

# The form that a person fills in.
call_command("migrate", verbosity=0)


def form(password):
    return AdminUserCreationForm({"username": "ada", "usable_password": "true", "password1": password, "password2": password})


assert not form("Tr0ub4dour&3 liverpool").is_valid() and form("Tr0ub4dour&3 liverpool").errors.as_data()["password2"][0].code == "password_compromised"
assert form("correct horse battery staple").is_valid()

# A service that is not there is an error, and never an answer.
api.PwnedPasswords.api_endpoint = "http://127.0.0.1:9/range/"
try:
    api.PwnedPasswords().check_password("password")
    raise AssertionError("nobody answered, and something was said")
except Exception as error:
    assert type(error).__name__ == "PwnedPasswordsError", error
print("passed")
