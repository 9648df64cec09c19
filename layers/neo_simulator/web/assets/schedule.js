"use strict";
// Fills the calendar: one column per room, the day's entries in order of start.
(async () => {
  const day = document.querySelector("app-appointments-view").dataset.day;
  const next = new Date(`${day}T00:00:00Z`);
  next.setUTCDate(next.getUTCDate() + 1);
  const query = new URLSearchParams({
    start: `${day} 00:00:00`,
    end: `${next.toISOString().slice(0, 10)} 00:00:00`,
  });
  const get = async (url) =>
    (await fetch(url, { headers: { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" } })).json();
  const [view, calendar] = await Promise.all([
    get("/appointments/getAppointmentView"),
    get(`/appointments/getCalendarEventData?${query}`),
  ]);
  const element = (tag, className, content) =>
    Object.assign(document.createElement(tag), { className, textContent: content ?? "" });
  const body = document.querySelector(".fc-timegrid-body");
  for (const room of view.appointmentRooms) {
    const column = element("div", "fc-timegrid-col", room.name);
    const list = element("div", "fc-timegrid-col-events");
    column.append(list);
    for (const event of calendar.events) {
      const everywhere = event.is_block && event.resourceId === null;
      if (event.is_roster || !(everywhere || String(event.resourceId) === String(room.id))) continue;
      const block = element("div", `fc-event appointment-block ${event.status_class ?? ""}`);
      if (!event.is_block) block.id = `appointment_id_${event.appointment_id ?? event.id}`;
      block.style.background = event.backgroundColor ?? "#9e9e9e";
      block.append(
        element("strong", "", `${event.start.slice(11, 16)} ${event.title}`),
        element("small", "", [event.type_description, event.current_status].filter(Boolean).join(" · ")),
      );
      if (event.consultation_id) {
        const link = element("a", "", "View Consultation");
        link.href = `/consultations/view/${event.consultation_id}?appointment_id=${event.appointment_id}`;
        block.append(link);
      }
      list.append(block);
    }
    body.append(column);
  }
})();
