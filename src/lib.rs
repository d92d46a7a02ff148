//! BlueKing ITSM.
