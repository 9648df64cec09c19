// What went wrong that nobody foresaw: types and places, no values.
['DATASET']
| where level == 'ERROR'
| summarize lines = count(), last = max(_time) by message, error_message
| order by last desc
