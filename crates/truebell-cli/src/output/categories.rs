//! The words for categories of items. Never here: what belongs into an item of one.

use truebell_core::item::Category;

/// Every category, by the word for it.
pub const CATEGORIES: [(&str, Category); 10] = [
    ("login", Category::Login),
    ("secure-note", Category::SecureNote),
    ("card", Category::Card),
    ("identity", Category::Identity),
    ("ssh-key", Category::SshKey),
    ("api-credential", Category::ApiCredential),
    ("database", Category::Database),
    ("server", Category::Server),
    ("wifi", Category::Wifi),
    ("document", Category::Document),
];

/// A category's word.
pub fn category_word(category: Category) -> &'static str {
    CATEGORIES.iter().find(|(_, known)| *known == category).map_or("item", |(name, _)| name)
}
