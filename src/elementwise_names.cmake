# Writes the names of the elementwise operations to <folder>/tenon/elementwise/<topic>.names, one row BINARY(add) for each
# row of <topic>.def. Most sources need only these. A file whose names stay the same is left alone, so that another rule,
# text or NumPy name of a row recompiles the few sources that read it.
#
#   cmake -Drows_from=include -Dnames_to=build/release/include -P src/elementwise_names.cmake    or include() with both set
file(GLOB topics ${rows_from}/tenon/elementwise/*.def)
foreach(topic ${topics})
  file(READ ${topic} text)
  string(REGEX MATCHALL "(UNARY|BINARY|TERNARY)\\([a-z0-9_]+," rows "${text}")
  list(TRANSFORM rows REPLACE ",$" ")\n")
  list(JOIN rows "" names)
  get_filename_component(name ${topic} NAME_WE)
  file(CONFIGURE OUTPUT ${names_to}/tenon/elementwise/${name}.names CONTENT "// From ${name}.def.\n${names}" @ONLY)
  if(NOT CMAKE_SCRIPT_MODE_FILE)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${topic})
  endif()
endforeach()
