// Which clinics' jobs fail, and of what, within the time that is shown; a try that is repeated is none.
['DATASET']
| where message == 'run ended' and isnotempty(error_kind) and status != 'queued'
| summarize runs = count(), last = max(_time) by clinic_id, sync, error_kind
| order by runs desc
