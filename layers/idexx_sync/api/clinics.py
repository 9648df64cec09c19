"""Operations about a clinic."""

from idexx_sync.api.authorization import id_in_path
from idexx_sync.api.handler import Answer, ApiTools
from idexx_sync.api.models import ClinicStatus
from idexx_sync.api.request import Call
from idexx_sync.clinics.status import clinic_standing


def get_clinic_status(call: Call, tools: ApiTools) -> Answer:
    clinic_id = id_in_path(call, "clinic_id", "clinic")
    call.caller.only_own(clinic_id)
    standing = clinic_standing(tools.conn, clinic_id, tools.clock())
    return Answer(200, ClinicStatus.model_validate(standing, from_attributes=True))
