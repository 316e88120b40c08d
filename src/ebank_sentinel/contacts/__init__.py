"""Contacts: the folder's files enter, a Roster leaves, which says who is meant at a moment, and why they."""

from ebank_sentinel.contacts.load import Contacts, load_contacts, read_contacts
from ebank_sentinel.contacts.roster import Duty, Roster
from ebank_sentinel.contacts.settings import ContactsSettings

__all__ = ["Contacts", "ContactsSettings", "Duty", "Roster", "load_contacts", "read_contacts"]
