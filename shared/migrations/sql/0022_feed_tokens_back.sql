-- The version before does without.
drop function audit.given_up;
drop function ledger.reader_of_feed;
drop table ledger.feed_token;
