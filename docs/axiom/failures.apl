// Which clinics' runs fail, and of what, within the time that is shown.
['DATASET']
| where message == 'run ended' and isnotempty(error_kind)
| summarize runs = count(), last = max(_time) by clinic_id, sync, error_kind
| order by runs desc
