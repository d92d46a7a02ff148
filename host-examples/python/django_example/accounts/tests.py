"""The site's own tests, with a fake ITSM: `python manage.py test accounts`."""

from django.test import LiveServerTestCase
from fake_itsm import FakeItsm, component

from .models import Account


class Accounts(LiveServerTestCase):
    def test_an_account_is_opened_once_it_is_approved(self):
        with FakeItsm("--credentials", "app:secret") as fake, self.settings(**self.itsm_at(fake)):
            self.client.post("/ask", {"owner": "dora"})
            sn = fake.first()
            fake.tell("approve", sn=sn, who="admin")
            self.assertTrue(fake.called_back(sn)["delivered"])
            self.assertEqual(Account.objects.get().owner, "dora")

    def itsm_at(self, fake):
        return {
            "ITSM_GATEWAY": fake.gateway,
            "ITSM_APP_CODE": "app",
            "ITSM_APP_SECRET": "secret",
            "ITSM_CALLBACK_URL": f"{self.live_server_url}/itsm/callback",
            "ITSM_BINDING_KEYS": f"itsm-key.k1.{'0f' * 32}",
            "ITSM_WASM": str(component()),
        }
