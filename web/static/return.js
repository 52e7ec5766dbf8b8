// The answer goes back to the platform by itself; the button is for browsers
// without scripts.
document.getElementById("return").submit();
