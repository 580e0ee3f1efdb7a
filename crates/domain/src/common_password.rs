//! Passwords that many people use.

/// Of the 10,000 passwords used most in leaks, those with 8 characters or more, in lower case. Source: the
/// list that Django ships, counted by Royce Williams in the passwords of haveibeenpwned.com.
const COMMON: &str = include_str!("common_passwords.txt");

/// Whether a password is one of those that are used most, whatever the case of its letters.
pub(crate) fn is_common(password: &str) -> bool {
    let password = password.to_lowercase();
    COMMON.lines().any(|common| common == password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_case_of_letters_does_not_make_a_password_rare() {
        for common in ["12345678", "password", "PassWord1", "qwertyuiop"] {
            assert!(is_common(common), "{common}");
        }
        for rare in ["correct horse", "12345678 ", "pass", ""] {
            assert!(!is_common(rare), "{rare}");
        }
    }
}
