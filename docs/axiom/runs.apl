// How runs ended, by sync and hour.
['DATASET']
| where message == 'run ended'
| summarize runs = count() by bin(_time, 1h), sync, status
