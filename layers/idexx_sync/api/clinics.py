"""Operations about a clinic."""

from idexx_sync.api.call import Call
from idexx_sync.api.function import Answer, ApiTools
from idexx_sync.api.jobs import id_in_path
from idexx_sync.api.models import ClinicStatus
from idexx_sync.api.problems import not_found
from idexx_sync.clinic_status import clinic_standing
from idexx_sync.errors import ConfigurationInvalid


def get_clinic_status(call: Call, tools: ApiTools) -> Answer:
    clinic_id = id_in_path(call, "clinic_id", "clinic")
    call.caller.only_own(clinic_id)
    try:
        standing = clinic_standing(tools.conn, clinic_id, tools.clock())
    except ConfigurationInvalid:
        raise not_found("clinic") from None
    return Answer(200, ClinicStatus.model_validate(standing, from_attributes=True))
