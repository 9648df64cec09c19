// Lines that did not arrive here, told by the event after them; CloudWatch has them.
['DATASET']
| where message == 'log lines not shipped'
| summarize lines = sum(count) by bin(_time, 1h), reason, error_message
