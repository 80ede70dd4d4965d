// Applies the chosen theme before the page is painted; without a choice the system decides.
"use strict";
(() => {
  const chosen = localStorage.getItem("mlw-studio-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
