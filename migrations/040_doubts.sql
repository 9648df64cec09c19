-- Each time a message left us and nobody knows whether it arrived is kept with where it went: another
-- channel may be set since, and a message may have gone elsewhere than it was to.

ALTER TABLE idexx_sync.messages
    ADD COLUMN doubts jsonb NOT NULL DEFAULT '[]'
        CONSTRAINT messages_doubts_are_a_list CHECK (jsonb_typeof(doubts) = 'array'),
    ADD COLUMN looked_at timestamptz
        CONSTRAINT messages_looked_at_readable
        CHECK (looked_at BETWEEN '0001-01-02' AND '9999-12-30');
COMMENT ON COLUMN idexx_sync.messages.doubts IS
    'each time it left us and nobody knows whether it arrived: channel, thread, and left_at in Unix '
    'time by the clock of this server; a channel of null is that of its reader';
COMMENT ON COLUMN idexx_sync.messages.looked_at IS
    'when it was last looked for; by that those in doubt take turns';
COMMENT ON COLUMN idexx_sync.messages.tries IS 'how many doubts there are';

-- `tried_at` is kept for the release before only, which does not read what is new.
UPDATE idexx_sync.messages m
   SET doubts = jsonb_build_array(jsonb_build_object(
           'channel', o.channel, 'thread', o.place,
           'left_at', round(extract(epoch FROM m.tried_at), 3)))
  FROM idexx_sync.messages s
  LEFT JOIN idexx_sync.messages o
    ON o.alert_id = s.alert_id AND o.part = 'opened' AND s.part <> 'opened'
 WHERE s.id = m.id AND m.sent_at IS NULL AND m.tries > 0 AND m.tried_at IS NOT NULL;

GRANT UPDATE (doubts, looked_at) ON idexx_sync.messages TO idexx_sync_upkeep;
