; What Tauri's template does not know of Grapnel. The template asks whether the window's program may be ended, and removes
; the scheme's keys.

; A program that runs cannot be replaced or deleted.
!macro NSIS_HOOK_PREINSTALL
  !insertmacro CheckIfAppIsRunning "$INSTDIR\grapnel.exe" "grapnel"
!macroend

!macro NSIS_HOOK_PREUNINSTALL
  !insertmacro CheckIfAppIsRunning "$INSTDIR\grapnel.exe" "grapnel"
!macroend

; What Grapnel itself has entered in the registry, for this user, is removed with the program, and kept by an update. An
; installer that a person starts runs the uninstaller of the earlier version in place and without /UPDATE. Otherwise, an
; uninstaller runs as a copy of itself in another directory.
!macro NSIS_HOOK_POSTUNINSTALL
  ${If} $UpdateMode <> 1
  ${AndIf} $EXEDIR != $INSTDIR
    DeleteRegValue HKCU "Software\Microsoft\Windows\CurrentVersion\Run" "dev.grapnel.desktop"
    DeleteRegValue HKCU "Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run" "dev.grapnel.desktop"
    DeleteRegKey HKCU "Software\Classes\AppUserModelId\dev.grapnel.desktop"
  ${EndIf}
  ; The template deletes the directories of the web view. The data directory is not named after the identifier.
  ${If} $DeleteAppDataCheckboxState = 1
  ${AndIf} $UpdateMode <> 1
    SetShellVarContext current
    RMDir /r "$APPDATA\grapnel\Grapnel\data"
    RMDir "$APPDATA\grapnel\Grapnel"
    RMDir "$APPDATA\grapnel"
  ${EndIf}
!macroend
