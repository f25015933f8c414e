# Man pages and shell completion, which the program itself makes from its tables of options; and where an installation has
# them. Included by src/cli.
set(folder ${PROJECT_BINARY_DIR}/manual)
# kintsugi_manual(FILE ARGUMENT...): what `kintsugi help ARGUMENT...` prints, as a file.
function(kintsugi_manual file)
  add_custom_command(OUTPUT ${folder}/${file}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${folder}
    COMMAND kintsugi_program help ${ARGN} > ${folder}/${file}
    DEPENDS kintsugi_program
    VERBATIM)
endfunction()

# The commands stand in one place.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/commands.cpp)
file(READ commands.cpp list_of_commands)
string(REGEX MATCHALL "\n  X\\([a-z]+\\)" lines "${list_of_commands}")
kintsugi_manual(kintsugi.1 --man)
set(pages ${folder}/kintsugi.1)
foreach(line IN LISTS lines)
  string(REGEX REPLACE "^\n  X\\(([a-z]+)\\)" "\\1" command "${line}")
  kintsugi_manual(kintsugi-${command}.1 --man ${command})
  list(APPEND pages ${folder}/kintsugi-${command}.1)
endforeach()
kintsugi_manual(kintsugi.bash --completion bash)
kintsugi_manual(_kintsugi --completion zsh)
kintsugi_manual(kintsugi.fish --completion fish)
add_custom_target(kintsugi_manual ALL DEPENDS ${pages} ${folder}/kintsugi.bash ${folder}/_kintsugi ${folder}/kintsugi.fish)

install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${folder}/kintsugi.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME kintsugi)
install(FILES ${folder}/_kintsugi DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES ${folder}/kintsugi.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(FILES log.schema.json DESTINATION ${CMAKE_INSTALL_DATADIR}/kintsugi)
