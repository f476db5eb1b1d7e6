var e=t();e&&(document.documentElement.dataset.theme=e);function t(){try{return localStorage.getItem("theme")}catch{return null}}
