/// Adjectives of countries, for "the Japanese flag".
package enum Demonyms {
    /// Whether one says "the" before a country's name.
    package static func takesArticle(_ country: String) -> Bool {
        ["United ", "Dominican", "Central African"].contains(where: country.hasPrefix)
            || ["Islands", "Netherlands", "Republic", "Union", "Nations"].contains(where: country.hasSuffix)
            || ["Philippines", "Bahamas", "Maldives", "Gambia", "Seychelles", "Comoros"].contains(country)
    }

    package static let adjectives: [String: String] = [
        "Afghanistan": "Afghan", "Albania": "Albanian", "Algeria": "Algerian", "Andorra": "Andorran", "Angola": "Angolan", "Argentina": "Argentine",
        "Armenia": "Armenian",
        "Australia": "Australian", "Austria": "Austrian", "Azerbaijan": "Azerbaijani", "Bahrain": "Bahraini", "Bangladesh": "Bangladeshi",
        "Belarus": "Belarusian", "Belgium": "Belgian",
        "Bolivia": "Bolivian", "Brazil": "Brazilian", "Bulgaria": "Bulgarian", "Cambodia": "Cambodian", "Cameroon": "Cameroonian", "Canada": "Canadian",
        "Chile": "Chilean",
        "China": "Chinese", "Colombia": "Colombian", "Croatia": "Croatian", "Cuba": "Cuban", "Cyprus": "Cypriot", "Czechia": "Czech", "Denmark": "Danish",
        "Ecuador": "Ecuadorian",
        "Egypt": "Egyptian", "Estonia": "Estonian", "Ethiopia": "Ethiopian", "Finland": "Finnish", "France": "French", "Georgia": "Georgian",
        "Germany": "German", "Ghana": "Ghanaian",
        "Greece": "Greek", "Guatemala": "Guatemalan", "Haiti": "Haitian", "Honduras": "Honduran", "Hungary": "Hungarian", "Iceland": "Icelandic",
        "India": "Indian", "Indonesia": "Indonesian",
        "Iran": "Iranian", "Iraq": "Iraqi", "Ireland": "Irish", "Israel": "Israeli", "Italy": "Italian", "Jamaica": "Jamaican", "Japan": "Japanese",
        "Jordan": "Jordanian", "Kazakhstan": "Kazakh",
        "Kenya": "Kenyan", "Kuwait": "Kuwaiti", "Laos": "Laotian", "Latvia": "Latvian", "Lebanon": "Lebanese", "Libya": "Libyan", "Lithuania": "Lithuanian",
        "Malaysia": "Malaysian", "Malta": "Maltese",
        "Mexico": "Mexican", "Moldova": "Moldovan", "Mongolia": "Mongolian", "Morocco": "Moroccan", "Mozambique": "Mozambican", "Nepal": "Nepalese",
        "Netherlands": "Dutch", "New Zealand": "New Zealand",
        "Nicaragua": "Nicaraguan", "Nigeria": "Nigerian", "North Korea": "North Korean", "Norway": "Norwegian", "Oman": "Omani", "Pakistan": "Pakistani",
        "Panama": "Panamanian", "Paraguay": "Paraguayan",
        "Peru": "Peruvian", "Philippines": "Philippine", "Poland": "Polish", "Portugal": "Portuguese", "Qatar": "Qatari", "Romania": "Romanian",
        "Russia": "Russian", "Rwanda": "Rwandan",
        "Saudi Arabia": "Saudi", "Senegal": "Senegalese", "Serbia": "Serbian", "Singapore": "Singaporean", "Slovakia": "Slovak", "Slovenia": "Slovenian",
        "Somalia": "Somali", "South Africa": "South African",
        "South Korea": "South Korean", "Spain": "Spanish", "Sudan": "Sudanese", "Sweden": "Swedish", "Switzerland": "Swiss", "Syria": "Syrian",
        "Taiwan": "Taiwanese", "Tanzania": "Tanzanian",
        "Thailand": "Thai", "Tunisia": "Tunisian", "Turkey": "Turkish", "Uganda": "Ugandan", "Ukraine": "Ukrainian", "United Arab Emirates": "Emirati",
        "United Kingdom": "British", "United States": "American",
        "Uruguay": "Uruguayan", "Uzbekistan": "Uzbek", "Venezuela": "Venezuelan", "Vietnam": "Vietnamese", "Yemen": "Yemeni", "Zambia": "Zambian",
        "Zimbabwe": "Zimbabwean",
        "England": "English", "Scotland": "Scottish", "Wales": "Welsh", "European Union": "European",
    ]
}
