/// English for the Italian, French and German titles of the clip-art collection, and for its run-together words.
///
/// A few makers drew hundreds of pictures and named them in their own languages; without this their names are noise.
enum ForeignTitles {
    /// Whole titles, cleaned and lower-case.
    static let phrases: [String: String] = [
        "acquila": "eagle", "aquila frontale": "eagle", "aglio": "garlic", "albero": "tree", "al bar": "man at a bar", "anelli": "rings", "ape": "bee", "attenzione": "warning sign",
        "bambina": "little girl", "barattolo": "jar", "bicicletta": "bicycle", "bottiglia di vino pregiato": "wine bottle", "borsa estiva": "summer bag", "bussola": "compass",
        "calcolatrice": "calculator", "calamita": "magnet", "camicia in seta": "silk shirt", "canguro": "kangaroo", "casa": "house", "casa 2": "house", "casa di campagna": "country house",
        "casa di montagna": "mountain house", "casa plurifamigliare": "apartment house", "casco": "helmet", "cavalletta": "grasshopper", "cavallo": "horse", "chiave grigia": "gray key", "chiave": "key",
        "cigno": "swan", "cigni": "swans", "cinepresa": "movie camera", "clessidra": "hourglass", "coccinella": "ladybug", "coccinellona": "ladybug", "coniglio": "rabbit", "cronometro": "stopwatch",
        "cubo di rubik": "rubik's cube", "dente": "tooth", "diagramma": "diagram", "dino": "dinosaur", "dinosauro": "dinosaur", "dinosauri": "dinosaurs", "dottore": "doctor", "elefante": "elephant",
        "fabbrica": "factory", "farfalla": "butterfly", "fata": "fairy", "fatina": "fairy", "ferro da stiro": "iron", "finestra": "window", "finestre": "windows", "fiore": "flower", "forbici": "scissors",
        "formichina": "ant", "formicona": "ant", "frullatore": "blender", "fuoco da campeggio": "campfire", "gabbiano": "seagull", "gallo": "rooster", "gallo di profilo": "rooster", "gatto": "cat",
        "gatto nero": "black cat", "gattina": "kitten", "gatto cat": "cat", "gelato": "ice cream", "giraffa": "giraffe", "gufo": "owl", "insetto": "insect", "lampada di aladino": "aladdin's lamp", "lampada": "lamp",
        "lattine di birra": "beer cans", "lente": "magnifying glass", "leone": "lion", "lettera": "letter", "libellula": "dragonfly", "libellule": "dragonfly", "libro": "book", "livella": "spirit level",
        "lucchetto": "padlock", "lucchetto grigio": "gray padlock", "lucchetto ottone": "brass padlock", "lucertola": "lizard", "lucertolone": "lizard", "lucertolona": "lizard", "lucertola maya": "mayan lizard",
        "lumaca": "snail", "macchina fotografica": "camera", "macchina fotografica digitale": "digital camera", "mantide religiosa": "praying mantis", "mattone poroton": "brick", "mazzo di fiori": "bunch of flowers",
        "medicina": "medicine", "microfono": "microphone", "microscopio": "microscope", "mondo": "globe", "moschito": "mosquito", "mostriciattolo": "little monster", "nonno sport": "grandfather doing sport",
        "nuvola": "cloud", "ombrelloni": "beach umbrellas", "orologio da parete": "wall clock", "orologio": "clock", "orso": "bear", "pacco regalo": "gift", "padella": "frying pan", "palloncini": "balloons",
        "pannocchia": "corn cob", "pattinatrice sul ghiaccio": "ice skater", "pattinatrici sul ghiaccio": "ice skaters", "pecora": "sheep", "pennello": "paintbrush", "peperoncino": "chili pepper", "pera": "pear", "pesca": "peach",
        "pettine": "comb", "pinguino": "penguin", "pinzatrice": "stapler", "piramide": "pyramid", "pollo": "chicken", "pomodori": "tomatoes", "poltrona": "armchair", "portafoglio": "wallet", "provetta": "test tube",
        "prugna": "plum", "pulsante": "button", "puntine": "thumbtacks", "ragno": "spider", "ragnetto": "spider", "rana": "frog", "ramarro": "green lizard", "ravanello": "radish", "ruota dentata": "gear wheel",
        "saluto": "greeting", "schermo": "screen", "scolapasta": "colander", "secchio": "bucket", "sedia": "chair", "sedia in legno": "wooden chair", "signore": "gentleman", "siringa": "syringe", "spugna": "sponge", "stampante": "printer",
        "stambecco": "ibex", "sub subacqueo": "scuba diver", "tabella": "table", "tacchino": "turkey", "tasto": "key", "tavolo": "table", "tavolo in legno": "wooden table", "tazza": "cup", "tazza di caffe": "cup of coffee",
        "teiera": "teapot", "teiera tazza": "teapot and cup", "telecamera": "camcorder", "telecomando": "remote control", "telefono": "telephone", "televisore": "television", "teschio": "skull", "tigre": "tiger",
        "topo": "mouse", "toro": "bull", "torta": "cake", "tramonto": "sunset", "trattore": "tractor", "uccello": "bird", "stormo di uccelli": "flock of birds", "uovo": "egg", "utensili": "tools", "vacca": "cow",
        "vacca pezzata rossa valdostana": "red spotted cow", "valigie": "suitcases", "viti": "screws", "cacciavite": "screwdriver", "zanzara": "mosquito", "zanzara cretina": "mosquito", "zucca": "pumpkin", "pentola": "pot",
        "unita disco rigido": "hard disk drive", "fabbrica 2": "factory", "motivo geometrico": "geometric pattern", "cestino vuoto": "empty bin", "cestino pieno": "full bin", "carta d'epoca": "old paper", "cartella": "folder",
        "numero": "number", "binocolo": "binoculars", "sega": "saw", "cassette video": "video cassettes", "pizza 4 stagioni": "pizza", "pesce": "fish", "pescetto": "fish", "pescetto arancione": "orange fish", "cani e gatti": "dogs and cats",
        "punaisa": "bug", "abeille": "bee", "amibe": "amoeba", "ours": "bear", "champignon": "mushroom", "sapin": "fir tree", "couronne": "crown", "ballon": "ball", "arbre": "tree", "pasteque": "watermelon",
        "rondelle": "washer", "extincteur": "fire extinguisher", "echelle": "ladder", "civiere": "stretcher", "disquete": "floppy disk", "engrenagem": "gear", "ambulans": "ambulance", "glace italienne": "ice cream cone",
        "glace": "ice cream cone", "gauffre": "waffle", "chocolat": "chocolate", "as carreau": "ace of diamonds", "as coeur": "ace of hearts", "as pique": "ace of spades", "as trefle": "ace of clubs", "uccelli": "birds",
        "kubek herbaty": "mug of tea", "stara ksiega old book": "old book", "microscopio 2": "microscope", "mongolfiera": "hot air balloon", "esperimento chimico": "chemistry experiment", "mante religieuse": "praying mantis",
        "pillole di medicina": "pills", "sangue": "blood", "cesto": "basket", "bobine": "coils", "anchor 2": "anchor", "calici": "goblets", "negozio": "shop", "istogramma": "bar chart", "lana": "wool", "gomma": "eraser",
        "grigliata": "grill", "forchettoni": "carving forks", "pinguino 2": "penguin", "libro di ricette": "cookbook", "cucina italiana": "italian cook", "capitello": "capital of a column", "chimico": "chemist",
        "macchina": "car", "posate": "cutlery", "pane": "bread", "sub": "scuba diver", "formica": "ant", "muca": "cow", "rondelle d orange": "orange slice", "rondelle d'orange": "orange slice", "carte de france": "map of France", "lettore cd": "cd player", "cubo giallo": "yellow cube", "cubo rosso": "red cube", "cubo verde": "green cube", "donna incinta": "pregnant woman", "ruota dentata grigia": "gray gear wheel", "secchio e spugna": "bucket and sponge", "scolapasta e pentola": "colander and pot", "casco con microfono": "headset", "barattolo di pillole": "jar of pills", "medicina dottore": "doctor", "attenzione rotondo": "warning sign", "televisore telecomando": "television and remote control", "pattinatrice": "skater", "bicicletta cycle": "bicycle", "fata fatina": "fairy", "forchettoni da grigliata": "grill forks", "utensile sega": "saw", "utensili chiave e cacciavite": "wrench and screwdriver", "lucertola arrotolata": "curled lizard", "coffe cup": "coffee cup", "io bambina": "little girl", "corrosif": "corrosive sign", "nocif": "harmful sign", "provetta plasma sangue": "test tube of blood", "entree interdite": "no entry sign", "interdiction pietons": "no pedestrians sign", "flamme nue interdite": "no open flame sign", "telephone lutte incendie": "fire telephone sign", "premiers secours": "first aid sign", "nucleare simbolo": "nuclear sign", "vespa": "wasp", "oca": "goose", "rinoceronte": "rhinoceros", "coccodrillo": "crocodile",
        "ippopotamo": "hippopotamus", "scimmia": "monkey", "tartaruga": "turtle", "corsa": "running man", "pugile": "boxer", "calciatore": "soccer player", "computer portatile": "laptop",
        "risque biologique": "biohazard sign", "rayonnement laser": "laser sign", "danger electrique": "high voltage sign", "danger general": "danger sign", "matieres corrosives": "corrosive sign",
        "matieres explosives": "explosive sign", "matieres inflammables": "flammable sign", "matieres comburantes": "oxidizing sign", "matieres toxiques": "poison sign", "matieres nocives irritantes": "irritant sign",
        "radiations ionisantes": "radioactive sign", "radiations non ionisantes": "radio waves sign", "basse temperature": "low temperature sign", "champ magnetique important": "magnetic field sign",
        "charges suspendues": "hanging load sign", "chute denivellation": "falling sign", "bande marquage securite": "hazard stripes", "trebuchement": "tripping sign", "vehicules manutention": "forklift sign",
        "protection obligatoire": "safety sign", "incendie": "fire sign", "secours": "emergency sign", "stappler": "stapler", "reunion": "meeting", "magnificator": "magnifying glass", "humpback": "humpback bridge sign",
    ]

    /// Single words, replaced wherever they stand.
    static let words: [String: String] = [
        "baloon": "balloon", "baloons": "balloons", "ballons": "balloons", "paperbag": "paper bag", "palmtree": "palm tree", "sportcar": "sports car", "redcar": "red car", "tophat": "top hat", "teddybear": "teddy bear",
        "floppydisk": "floppy disk", "icecube": "ice cube", "softdrink": "soft drink", "sugarbox": "sugar bowl", "corndog": "corn dog", "southen": "southern", "silhouet": "silhouette", "vegitables": "vegetables",
        "mulit": "multi", "colour": "color", "coloured": "colored", "geko": "gecko", "coffe": "coffee", "tatoo": "tattoo", "handphone": "mobile phone", "meatgrinder": "meat grinder", "filmphoto": "film", "joypad": "game pad",
        "keyring": "key ring", "leafrake": "leaf rake", "hedgeshear": "hedge shears", "bowsaw": "bow saw", "ninjastar": "throwing star", "longsword": "long sword", "funnyflower": "flower", "fatherchristmas": "santa claus",
        "fullmoon": "full moon", "nomoon": "new moon", "waxingcrescent": "waxing crescent moon", "waningcrescent": "waning crescent moon", "firstquarter": "first quarter moon", "lastquarter": "last quarter moon",
        "waxinggibbous": "waxing gibbous moon", "waninggibbous": "waning gibbous moon", "boombox": "boom box", "africandrum": "african drum", "cayennepepperrevisited": "cayenne pepper", "perogies": "pierogi",
        "mallot": "mallet", "smileytwinkle": "smiley", "volleball": "volleyball", "blowling": "bowling", "vavuum": "vacuum", "magnifing": "magnifying", "stickyman": "stick man", "bussiness": "business",
        "cacuts": "cactus", "beachball": "beach ball", "bluewhale": "blue whale", "clarine": "clarinet", "roundpointshovel": "shovel", "bypasslopper": "lopper", "bypasspruner": "pruning shears", "firestation": "fire station",
        "spaclu": "spatula", "dino": "dinosaur", "rectg": "rectangular", "rnd": "rounded", "elips": "elliptical", "stared": "star-shaped", "fldr": "folder", "laserprinter": "laser printer", "mouse2": "mouse", "pinkhome": "pink house",
        "svg": "", "grapes2": "grapes", "xmas": "christmas tree", "paintbrush": "paintbrush", "lightsabers": "lightsabers", "missisipi": "mississippi", "tenessee": "tennessee", "newmexico": "new mexico", "northcarolina": "north carolina",
        "southcarolina": "south carolina", "capeverde": "cape verde", "unitednations": "united nations", "europeanunion": "european union", "celebirty": "celebrity", "logaritmic": "logarithmic", "trsh": "trash", "pckg": "package", "harddisk": "hard disk",
        "onelette": "omelette", "daul": "dual", "crawfish": "crawfish", "gramophone": "gramophone", "piggybank": "piggy bank", "nosmoke": "no smoking sign", "rollerblades": "rollerblades", "kazoo": "kazoo", "viet": "viet",
    ]
}
