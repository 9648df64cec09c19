-- Our own columns hold no value that Python cannot: no infinity, no year beyond the calendar, and
-- objects where we read objects. ODIS's columns are judged when they are read.

DO $$
DECLARE
    stamp record;
BEGIN
    FOR stamp IN
        SELECT c.table_name, c.column_name
          FROM information_schema.columns c
          JOIN information_schema.tables t USING (table_schema, table_name)
         WHERE c.table_schema = 'idexx_sync' AND t.table_type = 'BASE TABLE'
           AND c.data_type IN ('timestamp with time zone', 'date')
    LOOP
        EXECUTE format(
            'ALTER TABLE idexx_sync.%I ADD CONSTRAINT %I CHECK (%I BETWEEN %L AND %L)',
            stamp.table_name, stamp.table_name || '_' || stamp.column_name || '_readable',
            stamp.column_name, '0001-01-02', '9999-12-30');
    END LOOP;
END $$;

ALTER TABLE idexx_sync.jobs
    ADD CONSTRAINT jobs_params_object CHECK (jsonb_typeof(params) = 'object'),
    ADD CONSTRAINT jobs_result_object CHECK (jsonb_typeof(result) = 'object'),
    ADD CONSTRAINT jobs_progress_object CHECK (jsonb_typeof(progress) = 'object');
ALTER TABLE idexx_sync.holds
    ADD CONSTRAINT holds_findings_object CHECK (jsonb_typeof(findings) = 'object');
