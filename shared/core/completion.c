#include "shared/core/completion.h"

#include "shared/core/command_table.h"

#include <string.h>

static bool is_front(int id)
{
    return ps_command_texts[id].front[0] != '\0';
}

static bool is_file(const char *argument)
{
    return strcmp(argument, "FILE") == 0;
}

static bool is_choice(const char *argument)
{
    return strchr(argument, '|') != NULL;
}

/* Adds text for between single quotes: '\'' for a quote. zsh's _describe also takes ':' as a
 * separator, so separator (0: none) gets a backslash. */
static void add_quoted(const char *text, char separator, struct ps_buf *out)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            (void)ps_buf_text(out, "'\\''");
        else if (separator != 0 && (*text == separator || *text == '[' || *text == ']'))
            (void)ps_buf_format(out, "\\%c", *text);
        else
            (void)ps_buf_char(out, *text);
    }
}

static void add_choices(const char *argument, struct ps_buf *out)
{
    for (; *argument != '\0'; argument++)
        (void)ps_buf_char(out, *argument == '|' ? ' ' : *argument);
}

/* --- bash ------------------------------------------------------------------------------------ */

static void bash_values(struct ps_buf *out)
{
    (void)ps_buf_text(out, "    case \"$command $previous\" in\n");
    for (size_t i = 0; i < ps_command_option_count; i++) {
        const struct ps_command_option *option = &ps_command_options[i];

        if (!is_front((int)option->command) || option->argument[0] == '\0' ||
            option->argument[0] == '[')
            continue;
        (void)ps_buf_format(out, "    '%s %s') ", ps_command_texts[option->command].front,
                            option->name);
        if (is_file(option->argument)) {
            (void)ps_buf_text(out, "COMPREPLY=($(compgen -f -- \"$word\"))");
        } else if (is_choice(option->argument)) {
            (void)ps_buf_text(out, "COMPREPLY=($(compgen -W '");
            add_choices(option->argument, out);
            (void)ps_buf_text(out, "' -- \"$word\"))");
        } else {
            (void)ps_buf_text(out, ":");
        }
        (void)ps_buf_text(out, "; return ;;\n");
    }
    (void)ps_buf_text(out, "    esac\n");
}

static void bash_words(struct ps_buf *out)
{
    (void)ps_buf_text(out, "    case \"$command $position\" in\n");
    for (int id = 0; id < PS_COMMAND_COUNT; id++) {
        int position = 0;
        bool file = false;

        for (size_t i = 0; i < ps_command_word_count; i++) {
            const struct ps_command_word *word = &ps_command_words[i];

            if ((int)word->command != id || !is_front(id))
                continue;
            if (position == 0)
                (void)ps_buf_format(out, "    '%s %d') ", ps_command_texts[id].front,
                                    word->position);
            file = is_file(word->word);
            (void)ps_buf_format(out, "%s%s", position == 0 ? (file ? "" : "words='") : " ",
                                file ? "" : word->word);
            position = word->position;
        }
        if (position != 0)
            (void)ps_buf_text(out, file ? "COMPREPLY=($(compgen -f -- \"$word\"))"
                                          "; return ;;\n"
                                        : "' ;;\n");
    }
    (void)ps_buf_text(out, "    esac\n");
}

static void bash_options(struct ps_buf *out)
{
    (void)ps_buf_text(out, "    case \"$command\" in\n");
    for (int id = 0; id < PS_COMMAND_COUNT; id++) {
        if (!is_front(id))
            continue;
        (void)ps_buf_format(out, "    %s) words='", ps_command_texts[id].front);
        for (size_t i = 0; i < ps_command_option_count; i++)
            if ((int)ps_command_options[i].command == id)
                (void)ps_buf_format(out, "%s ", ps_command_options[i].name);
        (void)ps_buf_text(out, "--help' ;;\n");
    }
    (void)ps_buf_text(out, "    esac\n");
}

static void add_fronts(const char *separator, struct ps_buf *out)
{
    bool first = true;

    for (int id = 0; id < PS_COMMAND_COUNT; id++) {
        if (!is_front(id))
            continue;
        (void)ps_buf_format(out, "%s%s", first ? "" : separator, ps_command_texts[id].front);
        first = false;
    }
}

static void bash(struct ps_buf *out)
{
    (void)ps_buf_text(out, "# Completion of paperscout for bash; made by: paperscout completion "
                           "bash\n_paperscout()\n{\n"
                           "    local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}\n"
                           "    local previous=${COMP_WORDS[COMP_CWORD - 1]} words=\n"
                           "    local position=$((COMP_CWORD - 1))\n"
                           "    COMPREPLY=()\n"
                           "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
                           "        COMPREPLY=($(compgen -W '");
    add_fronts(" ", out);
    (void)ps_buf_text(out, " --help --version' -- \"$word\"))\n        return\n    fi\n");
    (void)ps_buf_text(out,
                      "    if [ \"$command\" = help ]; then\n        COMPREPLY=($(compgen -W '");
    add_fronts(" ", out);
    (void)ps_buf_text(out, "' -- \"$word\"))\n        return\n    fi\n");
    bash_values(out);
    (void)ps_buf_text(out, "    if [[ $word == -* ]]; then\n");
    bash_options(out);
    (void)ps_buf_text(out, "    else\n");
    bash_words(out);
    (void)ps_buf_text(out, "    fi\n"
                           "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\n"
                           "complete -F _paperscout paperscout\n");
}

/* --- zsh ------------------------------------------------------------------------------------- */

static void zsh_argument(const char *argument, struct ps_buf *out)
{
    bool optional = argument[0] == '[';

    if (argument[0] == '\0')
        return;
    (void)ps_buf_text(out, optional ? "::" : ":");
    for (const char *c = argument; *c != '\0'; c++)
        if (strchr("[]|:", *c) == NULL)
            (void)ps_buf_char(out, *c);
        else if (*c == '|')
            (void)ps_buf_text(out, " or ");
    (void)ps_buf_char(out, ':');
    if (is_file(argument)) {
        (void)ps_buf_text(out, "_files");
    } else if (is_choice(argument)) {
        (void)ps_buf_char(out, '(');
        add_choices(argument, out);
        (void)ps_buf_char(out, ')');
    }
}

static void zsh_command(int id, struct ps_buf *out)
{
    const struct ps_command_text *text = &ps_command_texts[id];
    int position = 0;

    (void)ps_buf_format(out, "    %s)\n        _arguments '--help[print help]'", text->front);
    for (size_t i = 0; i < ps_command_option_count; i++) {
        const struct ps_command_option *option = &ps_command_options[i];

        if ((int)option->command != id)
            continue;
        (void)ps_buf_format(out, " \\\n            '%s[", option->name);
        add_quoted(option->summary, ':', out);
        (void)ps_buf_char(out, ']');
        zsh_argument(option->argument, out);
        (void)ps_buf_char(out, '\'');
    }
    for (size_t i = 0; i < ps_command_word_count; i++) {
        const struct ps_command_word *word = &ps_command_words[i];

        if ((int)word->command != id)
            continue;
        if (is_file(word->word)) {
            (void)ps_buf_text(out, " \\\n            '*:file:_files'");
            continue;
        }
        if (position == 0)
            (void)ps_buf_format(out, " \\\n            '%d:what:((", word->position);
        position = word->position;
        (void)ps_buf_format(out, " %s\\:\"", word->word);
        add_quoted(word->summary, ':', out);
        (void)ps_buf_char(out, '"');
    }
    if (position != 0)
        (void)ps_buf_format(out, "))'%s", position == 2 ? " \\\n            '1:user:'" : "");
    if (id == PS_COMMAND_HELP)
        (void)ps_buf_text(out, " \\\n            '1:command:_paperscout_commands'");
    (void)ps_buf_text(out, "\n        ;;\n");
}

static void zsh(struct ps_buf *out)
{
    (void)ps_buf_text(out,
                      "#compdef paperscout\n"
                      "# Completion of paperscout for zsh; made by: paperscout completion zsh\n"
                      "_paperscout_commands()\n{\n    local -a commands\n    commands=(\n");
    for (int id = 0; id < PS_COMMAND_COUNT; id++) {
        if (!is_front(id))
            continue;
        (void)ps_buf_format(out, "        '%s:", ps_command_texts[id].front);
        add_quoted(ps_command_texts[id].summary, ':', out);
        (void)ps_buf_text(out, "'\n");
    }
    (void)ps_buf_text(out, "    )\n    _describe command commands\n}\n\n"
                           "_paperscout()\n{\n"
                           "    if (( CURRENT == 2 )); then\n"
                           "        _arguments '--help[print help]' '--version[print the version]' "
                           "'1:command:_paperscout_commands'\n"
                           "        return\n    fi\n"
                           "    local command=$words[2]\n"
                           "    shift words\n    (( CURRENT-- ))\n"
                           "    case $command in\n");
    for (int id = 0; id < PS_COMMAND_COUNT; id++)
        if (is_front(id))
            zsh_command(id, out);
    /* As a file of $fpath the script is the function's body; when sourced it registers it. */
    (void)ps_buf_text(out, "    esac\n}\n\n"
                           "if [ \"$funcstack[1]\" = _paperscout ]; then\n"
                           "    _paperscout \"$@\"\n"
                           "else\n"
                           "    compdef _paperscout paperscout\n"
                           "fi\n");
}

/* --- fish ------------------------------------------------------------------------------------ */

static void fish_line(const char *condition, struct ps_buf *out)
{
    (void)ps_buf_format(out, "complete -c paperscout -n '%s'", condition);
}

static void fish_describe(const char *summary, struct ps_buf *out)
{
    (void)ps_buf_text(out, " -d '");
    for (; *summary != '\0'; summary++) {
        if (*summary == '\'' || *summary == '\\')
            (void)ps_buf_char(out, '\\');
        (void)ps_buf_char(out, *summary);
    }
    (void)ps_buf_text(out, "'\n");
}

static void fish_option(const struct ps_command_option *option, struct ps_buf *out)
{
    (void)ps_buf_format(out, "complete -c paperscout -n '__paperscout_is %s' -l %s",
                        ps_command_texts[option->command].front, option->name + 2);
    if (is_file(option->argument)) {
        (void)ps_buf_text(out, " -r -F");
    } else if (is_choice(option->argument)) {
        (void)ps_buf_text(out, " -x -a '");
        add_choices(option->argument, out);
        (void)ps_buf_char(out, '\'');
    } else if (option->argument[0] != '\0' && option->argument[0] != '[') {
        (void)ps_buf_text(out, " -x");
    }
    fish_describe(option->summary, out);
}

static void fish(struct ps_buf *out)
{
    (void)ps_buf_text(
        out,
        "# Completion of paperscout for fish; made by: paperscout completion fish\n"
        "# __paperscout_is COMMAND [POSITION]: the line has that command, and the word at that "
        "position is being typed.\n"
        "function __paperscout_is\n"
        "    set -l words (commandline -opc)\n"
        "    test (count $words) -ge 2; and test $words[2] = $argv[1]; or return 1\n"
        "    test (count $argv) -lt 2; or test (count $words) -eq (math $argv[2] + 1)\n"
        "end\n"
        "complete -c paperscout -f\n");
    fish_line("test (count (commandline -opc)) -eq 1", out);
    (void)ps_buf_text(out, " -l help -d 'print help'\n");
    fish_line("test (count (commandline -opc)) -eq 1", out);
    (void)ps_buf_text(out, " -l version -d 'print the version'\n");
    for (int id = 0; id < PS_COMMAND_COUNT; id++) {
        if (!is_front(id))
            continue;
        fish_line("test (count (commandline -opc)) -eq 1", out);
        (void)ps_buf_format(out, " -a %s", ps_command_texts[id].front);
        fish_describe(ps_command_texts[id].summary, out);
        (void)ps_buf_format(out, "complete -c paperscout -n '__paperscout_is help 1' -a %s\n",
                            ps_command_texts[id].front);
        (void)ps_buf_format(out,
                            "complete -c paperscout -n '__paperscout_is %s' -l help -d 'print "
                            "help'\n",
                            ps_command_texts[id].front);
    }
    for (size_t i = 0; i < ps_command_option_count; i++)
        if (is_front((int)ps_command_options[i].command))
            fish_option(&ps_command_options[i], out);
    for (size_t i = 0; i < ps_command_word_count; i++) {
        const struct ps_command_word *word = &ps_command_words[i];

        if (!is_front((int)word->command))
            continue;
        (void)ps_buf_format(out, "complete -c paperscout -n '__paperscout_is %s%s",
                            ps_command_texts[word->command].front,
                            is_file(word->word) ? "' -F" : "");
        if (!is_file(word->word))
            (void)ps_buf_format(out, " %d' -a %s", word->position, word->word);
        fish_describe(word->summary, out);
    }
}

bool ps_completion_script(const char *shell, struct ps_buf *out_text)
{
    static const struct {
        const char *shell;
        void (*add)(struct ps_buf *out);
    } shells[] = {
        {"bash",  bash},
        { "zsh",  zsh },
        { "fish", fish},
    };

    for (size_t i = 0; i < PS_COUNT_OF(shells); i++) {
        if (strcmp(shells[i].shell, shell) != 0)
            continue;
        shells[i].add(out_text);
        return true;
    }
    return false;
}
