-- What is told in Slack: each alert's opening and its close, what changes in between, and each
-- morning of a time zone. A message is committed before it is sent, and marked once Slack has it.

CREATE TABLE idexx_sync.messages (
    id        uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    number    bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    part      text NOT NULL CHECK (part IN ('opened', 'changed', 'closed', 'digest')),
    alert_id  uuid REFERENCES idexx_sync.alerts (id) ON DELETE CASCADE,
    zone      text CHECK (length(zone) BETWEEN 1 AND 100),
    day       date,
    reader    text NOT NULL CHECK (reader IN ('clinic_care', 'engineering')),
    told      jsonb NOT NULL,
    made_at   timestamptz NOT NULL DEFAULT idexx_sync.clock(),
    tries     integer NOT NULL DEFAULT 0 CHECK (tries >= 0),
    tried_at  timestamptz,
    refused_at timestamptz,
    sent_at   timestamptz,
    channel   text CHECK (length(channel) BETWEEN 1 AND 100),
    place     text CHECK (length(place) BETWEEN 1 AND 100),
    refused   text CHECK (length(refused) BETWEEN 1 AND 100),
    CONSTRAINT messages_of_an_alert_or_a_morning CHECK (
        CASE part WHEN 'digest' THEN alert_id IS NULL AND zone IS NOT NULL AND day IS NOT NULL
                  ELSE alert_id IS NOT NULL AND zone IS NULL AND day IS NULL END),
    CONSTRAINT messages_sent_somewhere CHECK (
        (sent_at IS NULL) = (place IS NULL) AND (sent_at IS NULL) = (channel IS NULL)),
    CONSTRAINT messages_readable CHECK (
        made_at BETWEEN '0001-01-02' AND '9999-12-30'
        AND coalesce(tried_at BETWEEN '0001-01-02' AND '9999-12-30', true)
        AND coalesce(refused_at BETWEEN '0001-01-02' AND '9999-12-30', true)
        AND coalesce(sent_at BETWEEN '0001-01-02' AND '9999-12-30', true)
        AND coalesce(day BETWEEN '0001-01-02' AND '9999-12-30', true))
);
COMMENT ON TABLE idexx_sync.messages IS 'what was, or is still to be, told in Slack';
COMMENT ON COLUMN idexx_sync.messages.number IS 'in the order in which they were made';
COMMENT ON COLUMN idexx_sync.messages.reader IS 'to whose channel it goes';
COMMENT ON COLUMN idexx_sync.messages.told IS
    'of an alert what it says, by which a change is known; of a morning the numbers and ids';
COMMENT ON COLUMN idexx_sync.messages.tries IS
    'how often it has left us and nobody knows whether it arrived';
COMMENT ON COLUMN idexx_sync.messages.tried_at IS
    'when the first of those left us, by the clock of this server; Slack''s own is compared with it';
COMMENT ON COLUMN idexx_sync.messages.place IS 'Slack''s name of it within the channel';
COMMENT ON COLUMN idexx_sync.messages.refused IS 'why Slack did not take it, as its own word';

CREATE UNIQUE INDEX messages_one_of_an_end ON idexx_sync.messages (alert_id, part)
 WHERE part IN ('opened', 'closed');
CREATE UNIQUE INDEX messages_one_of_a_morning ON idexx_sync.messages (zone, day)
 WHERE part = 'digest';
CREATE INDEX messages_of_alert ON idexx_sync.messages (alert_id, number DESC);
CREATE INDEX messages_unsent ON idexx_sync.messages (number) WHERE sent_at IS NULL;
CREATE INDEX messages_by_age ON idexx_sync.messages (made_at);

ALTER TABLE idexx_sync.messages ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON idexx_sync.messages TO idexx_sync_api;
GRANT INSERT (part, alert_id, zone, day, reader, told),
      UPDATE (told, tries, tried_at, sent_at, channel, place, refused, refused_at), DELETE
    ON idexx_sync.messages TO idexx_sync_upkeep;
CREATE POLICY idexx_sync ON idexx_sync.messages TO idexx_sync_upkeep, idexx_sync_api
    USING (true) WITH CHECK (true);

-- Alerts were to keep this themselves, and never did.
ALTER TABLE idexx_sync.alerts DROP CONSTRAINT alerts_readable;
ALTER TABLE idexx_sync.alerts DROP COLUMN opened_sent_at, DROP COLUMN closed_sent_at,
    DROP COLUMN thread;
ALTER TABLE idexx_sync.alerts ADD CONSTRAINT alerts_readable CHECK (
    opened_at BETWEEN '0001-01-02' AND '9999-12-30'
    AND last_at BETWEEN '0001-01-02' AND '9999-12-30'
    AND coalesce(closed_at BETWEEN '0001-01-02' AND '9999-12-30', true)
    AND coalesce(acknowledged_at BETWEEN '0001-01-02' AND '9999-12-30', true)
    AND coalesce(muted_until BETWEEN '0001-01-02' AND '9999-12-30', true));
