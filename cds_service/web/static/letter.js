// The letter is printed as it stands: what is folded is left out, but for the headings of the rest.

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});
