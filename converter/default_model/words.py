# SPDX-License-Identifier: Apache-2.0
"""Word banks for the invented catalogue. Proper names and places are made up, so that no title is
an existing work's."""

NAMES = (
    "Orlo Vint|Pernilla Crake|Tobin Ashgrove|Maudie Quell|Isolt Fenn|Barnaby Thrupp|Vesna Lorrick|"
    "Caspian Dole|Hettie Marlock|Ruben Ostwick|Linnet Sorrow|Garrick Pell|Odalys Brandt-Wye|"
    "Wilmot Tarn|Saskia Holloworth|Dunstan Reave|Clemency Oak|Florian Stitch|Agatha Murrow|"
    "Ines Calder-Voss"
).split("|")

PLACES = (
    "Marrowgate|Brinemoor|Ostrafel|Kell Hollow|Tamsin Reach|Low Antler|Veldt Nine|Port Sallow|"
    "Quillhaven|Ember Fork|Dunmorrow|Saint Orrin|Harrow Sound|Lanternby|Vesper Station|"
    "Coldwater Ninth|"
    "Thistle Row|Greywick|Ardenfall|Salt Meridian"
).split("|")

# Genre: (adjectives, nouns, patterns). In a pattern: {a} adjective, {n} noun, {s} its plural,
# {m} another noun, {N} name, {F} its first word, {P} place. A bare "The {a} {n}" is left to the
# genres whose words are odd enough that the title is nobody's yet.
TITLES = {
    "Sci-Fi": (
        "Glass|Ninth|Silent|Borrowed|Hollow|Recursive|Paper|Orbital|Distant|Unlit",
        "Comet|Meridian|Signal|Orbit|Archive|Engine|Parallax|Colony|Airlock|Satellite|Horizon|"
        "Automaton",
        "The {a} {n}|{n} over {P}|Last {n} to {P}|{a} {n} Protocol|The {n} and the {m}|"
        "{F} Among the {s}",
    ),
    "Horror": (
        "Hungry|Drowned|Whispering|Crooked|Nailed|Feverish|Buried|Eyeless|Sleepless|Rotting",
        "Cellar|Hymn|Orchard|Doll|Chapel|Tooth|Nursery|Well|Lullaby|Scarecrow|Attic|Shroud",
        "The {a} {n} of {P}|The {n} at {P}|Do Not Wake {F}|{a} {s} of {P}|What the {n} Kept|"
        "{n} Below the {m}",
    ),
    "Comedy": (
        "Accidental|Overdue|Overbooked|Reluctant|Unpaid|Misplaced|Part-Time|Borderline|"
        "Second-Best|Sticky",
        "Llama|Wedding|Landlord|Trombone|Casserole|Intern|Parade|Bagpipe|Alibi|Dentist|Raffle|"
        "Goose",
        "The {a} {n}|{N} Owes Me a {n}|A {n} in {P}|{a} {n} Club|Never Trust a {n}|"
        "One {n} Too Many for {F}",
    ),
    "Romance": (
        "Unsent|Tender|Late|Quiet|Faraway|Slow|Velvet|Autumn|Almost|Rain-Soaked",
        "Letter|Waltz|Promise|Harbour|Valentine|Summer|Bouquet|Goodbye|Postcard|Vineyard|Kiss|"
        "Season",
        "The {a} {n} of {P}|A {n} for {F}|{n} in {P}|{F} and the {a} {n}|Our {n} at {P}|"
        "All My {s} to {F}",
    ),
    "Drama": (
        "Broken|Ordinary|Inherited|Patient|Narrow|Weathered|Unspoken|Heavy|Northern|Familiar",
        "Inheritance|Kitchen|Verdict|Ferry|Winter|Daughter|Silence|Ledger|Bridge|Homecoming|Debt|"
        "Field",
        "The {a} {n} of {P}|The {s} of {P}|What {F} Carried|{n} and {m}|{a} {n} Road|"
        "A {n} Without {F}",
    ),
    "Thriller": (
        "Dead|Forged|Seventh|Double|Burning|Cold|Stolen|Marked|Final|Fractured",
        "Courier|Cipher|Hostage|Deadline|Trigger|Ransom|Witness|Fuse|Checkpoint|Dossier|Sniper|"
        "Getaway",
        "The {a} {n} of {P}|{n} in {P}|{P} Directive|{a} {n} Zero|The {n} Named {F}|"
        "Run {F} Run to {P}",
    ),
    "Western": (
        "Dusty|Iron|Lonesome|Crimson|Rawhide|Bitter|Sunburnt|Tin|Outlaw|Silver",
        "Stirrup|Canyon|Sheriff|Mustang|Gallows|Stagecoach|Prairie|Saddle|Revolver|Homestead|"
        "Coyote|Spur",
        "The {a} {n} of {P}|{n} of {P}|Ride for {P}|{a} {n} Trail|{N} Draws First|"
        "The {n} and the {m}",
    ),
    "Fantasy": (
        "Thorned|Elder|Gilded|Moonlit|Runic|Wandering|Ashen|Enchanted|Ivory|Forgotten",
        "Dragonling|Sceptre|Grimoire|Kingdom|Thornwood|Oath|Wyvern|Enchanter|Crown|Spellbook|"
        "Griffin|Relic",
        "The {a} {n} of {P}|{n} of {P}|{F} and the {n}|The {s} of {P}|Song of the {a} {n}|"
        "{n} and {m}",
    ),
    "Mystery": (
        "Vanishing|Locked|Missing|Third|Curious|Counterfeit|Midnight|Unsigned|Velvet-Gloved|"
        "Left-Handed",
        "Lodger|Inkwell|Teacup|Keyhole|Testament|Portrait|Heiress|Footprint|Pocketwatch|"
        "Conservatory|Umbrella|Parlour",
        "The {a} {n} of {P}|The {P} {n}|Inspector {F} and the {n}|Death of a {n}|"
        "The {n} in the {m}|Who Was {N}",
    ),
    "Animation": (
        "Little|Bouncing|Marvellous|Sleepy|Tiny|Painted|Giggling|Flying|Brave|Rainbow",
        "Hedgehog|Teapot|Robot|Snowflake|Otter|Balloon|Pumpkin|Penguin|Caterpillar|Kite|Walrus|"
        "Button",
        "The {a} {n}|{F} and the {a} {n}|{s} of {P}|{a} {n} Day|The {n} Who Found {P}|"
        "Up with the {s}",
    ),
    "Documentary": (
        "Living|Measured|Vanished|Open|Untold|Working|Tidal|Restless|Common|Hidden",
        "Glacier|Archive|River|Beekeeper|Railway|Migration|Loom|Reef|Lighthouse|Harvest|"
        "Observatory|Market",
        "The {a} {n} of {P}|{n}: A Year in {P}|Inside the {P} {n}|Portrait of {N}|The {s} of {P}|"
        "A {n} at Work",
    ),
    "Musical": (
        "Dancing|Golden|Brassy|Syncopated|Sparkling|Off-Key|Starlit|Swinging|Twirling|"
        "Velvet-Voiced",
        "Chorus|Tap Shoe|Serenade|Encore|Ballroom|Saxophone|Overture|Spotlight|Duet|Footlight|"
        "Jukebox|Tambourine",
        "The {a} {n}|{n} on {P} Street|Sing for {F}|{a} {n} Revue|{F} Takes the {n}|"
        "The {n} and the {m}",
    ),
}

# Genre: (share of the catalogue and of tastes, related genres, typical moods).
GENRES = {
    "Sci-Fi": (1.2, ("Thriller", "Fantasy", "Horror"), ("Wondrous", "Tense")),
    "Horror": (0.9, ("Thriller", "Mystery", "Sci-Fi"), ("Dark", "Tense")),
    "Comedy": (1.5, ("Romance", "Animation", "Musical"), ("Light", "Wry")),
    "Romance": (1.1, ("Drama", "Comedy", "Musical"), ("Tender", "Light")),
    "Drama": (1.5, ("Romance", "Mystery", "Western"), ("Tender", "Dark")),
    "Thriller": (1.2, ("Mystery", "Drama", "Sci-Fi"), ("Tense", "Dark")),
    "Western": (0.7, ("Drama", "Thriller", "Comedy"), ("Tense", "Wry")),
    "Fantasy": (1.0, ("Animation", "Sci-Fi", "Romance"), ("Wondrous", "Light")),
    "Mystery": (0.9, ("Thriller", "Drama", "Horror"), ("Dark", "Wry")),
    "Animation": (0.9, ("Comedy", "Fantasy", "Musical"), ("Light", "Wondrous")),
    "Documentary": (0.7, ("Drama", "Mystery", "Musical"), ("Wry", "Wondrous")),
    "Musical": (0.7, ("Romance", "Comedy", "Animation"), ("Light", "Tender")),
}
MOODS = ("Dark", "Light", "Tender", "Tense", "Wondrous", "Wry")
