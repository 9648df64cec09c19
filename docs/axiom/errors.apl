// What went wrong, and what nobody foresaw: types, places and words of ours, no values.
['DATASET']
| where level == 'ERROR'
| summarize lines = count(), last = max(_time) by message, reason, error_message
| order by last desc
