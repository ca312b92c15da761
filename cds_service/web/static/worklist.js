// Why a line was declined is asked only when it is; without this script the form asks for both at once.

for (const form of document.querySelectorAll("form.state")) {
  const { state, reason } = form.elements;
  const follow = () => {
    reason.hidden = state.value !== "declined";
    reason.required = state.value === "declined";
  };
  state.addEventListener("change", follow);
  follow();
}
